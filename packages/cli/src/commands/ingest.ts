import { Presets, SingleBar } from 'cli-progress';
import type { Command } from 'commander';

import { CliError } from '../cli-error.ts';
import type { CommandContext } from '../command-context.ts';
import { connect } from '../connect.ts';
import { findFiles } from '../ingest/find-files.ts';
import { ingest } from '../ingest/ingest.ts';
import type { IngestReport } from '../ingest/report.ts';
import { counted, printJson, printText, singleLine } from '../output.ts';

const MS_PER_SECOND = 1_000;

/** Adds `ingest`. */
export function registerIngestCommand(program: Command, { setExitCode }: CommandContext): void {
  program
    .command('ingest')
    .description('store documents, so that context can be found in them; running it again resumes and updates')
    .argument(
      '<paths...>',
      'files (text, Markdown, JSON Lines of {id, title?, text, source_url?, timestamp?, …}) or folders',
    )
    .option('--source <name>', 'the source they belong to; by default the name of the folder or of the JSON Lines file')
    .action(async (paths: string[], { source }: { readonly source?: string }, command: Command) => {
      if (!(await runIngest(paths, source, command))) setExitCode(1);
    });
}

/** Returns whether every document was stored. */
async function runIngest(paths: readonly string[], source: string | undefined, command: Command): Promise<boolean> {
  const { options, call } = await connect(command);
  const { files, passedOverCount } = await findFiles(paths, source);
  if (files.length === 0) {
    throw new CliError('there is nothing to ingest', {
      hint: `folders are searched for .md, .txt, .rst and .jsonl files; ${counted(passedOverCount, 'file')} had other endings`,
    });
  }
  const bytesTotal = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const bar = options.json ? undefined : startBar(bytesTotal);
  const startedAtMs = performance.now();
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort(new CliError('interrupted'));
  // Once: who is in a hurry presses Ctrl-C again.
  process.once('SIGINT', interrupt);
  try {
    const report = await ingest(files, call, { signal: interrupted.signal, onProgress: (done) => bar?.advance(done) });
    bar?.stop();
    const seconds = (performance.now() - startedAtMs) / MS_PER_SECOND;
    if (options.json) printJson({ ...report, passedOverCount, seconds });
    else printText([describe(report, seconds), ...describePassedOver(passedOverCount)].join('\n'));
    return report.failureCount === 0 && report.stopped === undefined;
  } finally {
    process.off('SIGINT', interrupt);
    bar?.stop();
  }
}

function startBar(bytesTotal: number) {
  const bar = new SingleBar(
    {
      format: '{bar} {percentage}% | {documents} documents | {rate} documents/s | ETA {eta_formatted}',
      stream: process.stderr,
      noTTYOutput: false,
      // A process that is killed could not show it again.
      hideCursor: false,
      clearOnComplete: true,
    },
    Presets.shades_classic,
  );
  const startedAtMs = performance.now();
  bar.start(Math.max(1, bytesTotal), 0, { documents: 0, rate: 0 });
  return {
    advance({ bytes, documents }: { readonly bytes: number; readonly documents: number }) {
      const seconds = Math.max(1, performance.now() - startedAtMs) / MS_PER_SECOND;
      bar.update(bytes, { documents, rate: Math.round(documents / seconds) });
    },
    stop: () => bar.stop(),
  };
}

function describe(report: IngestReport, seconds: number): string {
  const { created, updated, unchanged, passages, failures, failureCount, stopped } = report;
  const stored = created + updated + unchanged;
  const rate = Math.round((stored + failureCount) / Math.max(seconds, 1 / MS_PER_SECOND));
  const lines = [
    `${counted(stored, 'document')} (${created} new, ${updated} changed, ${unchanged} unchanged), ` +
      `${counted(passages, 'passage')}, in ${seconds.toFixed(1)} s (${rate} documents/s).`,
  ];
  if (failureCount > 0) {
    lines.push(
      `${failureCount} failed:`,
      ...failures.map(({ where, error }) => `  ${singleLine(`${where}: ${error}`)}`),
    );
    if (failures.length < failureCount) lines.push(`  … and ${failureCount - failures.length} more`);
    lines.push('Mend them and run the same command again: what is stored already is not stored twice.');
  }
  if (stopped !== undefined) {
    lines.push(`Stopped before the end: ${singleLine(stopped)}.`, 'The same command goes on where this one stopped.');
  }
  return lines.join('\n');
}

function describePassedOver(count: number): readonly string[] {
  if (count === 0) return [];
  const subject = count === 1 ? '1 file was' : `${count} files were`;
  return [`${subject} passed over because of the ending; a file that is named is read whatever its ending.`];
}
