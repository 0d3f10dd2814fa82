import type { SpanExporter } from '@opentelemetry/sdk-trace';

import type { Logger } from './logger.ts';

type ExportResult = Parameters<Parameters<SpanExporter['export']>[1]>[0];

/** The success of @opentelemetry/core's ExportResultCode, which is not worth a dependency. */
const EXPORT_SUCCEEDED = 0;

/**
 * Wraps an exporter so that the log has one line when exporting begins to fail and one when it works again.
 *
 * The SDK itself is silent about both; a line per failed batch would flood the log through a collector's outage.
 */
export function createReportingExporter(exporter: SpanExporter, logger: Logger | undefined): SpanExporter {
  let failing = false;
  const report = ({ code, error }: ExportResult): void => {
    const fails = code !== EXPORT_SUCCEEDED;
    if (fails === failing) return;
    failing = fails;
    if (fails) logger?.warn({ err: error }, 'exporting spans fails, traces are being lost');
    else logger?.info('exporting spans works again');
  };
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        report(result);
        done(result);
      }),
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  };
}
