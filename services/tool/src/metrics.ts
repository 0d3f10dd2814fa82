import { createHistogram, type HistogramSeries, type Registry } from '@gantry/telemetry';
import { Gauge } from 'prom-client';

/** How a call can end. */
type CallOutcome = 'succeeded' | 'failed' | 'timed_out' | 'busy' | 'refused';

/** Tells how calls of tools end. */
export interface ToolMetrics {
  /** A call has come; the returned function is told once how it ended. Refused calls have no tool: their name is anything. */
  started(): (tool: string | undefined, outcome: CallOutcome) => void;
}

/** From an echo to the longest timeout of a built-in tool. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30];
const MS_PER_SECOND = 1_000;

/** Creates the metrics of the tool service. */
export function createToolMetrics(registry: Registry): ToolMetrics {
  const seconds = createHistogram({
    name: 'gantry_tool_call_seconds',
    help: 'How long calls of tools took, by tool and outcome.',
    labelNames: ['tool', 'outcome'],
    buckets: DURATION_BUCKETS,
    registers: [registry],
  });
  let running = 0;
  new Gauge({
    name: 'gantry_tool_calls_running',
    help: 'Calls of tools that are running.',
    registers: [registry],
    collect() {
      this.set(running);
    },
  });
  /** Resolved once a series: bounded by the tools there are. */
  const seriesByOutcomeByTool = new Map<string, Map<CallOutcome, HistogramSeries>>();
  const seriesOf = (tool: string, outcome: CallOutcome) => {
    let seriesByOutcome = seriesByOutcomeByTool.get(tool);
    if (seriesByOutcome === undefined) {
      seriesByOutcome = new Map();
      seriesByOutcomeByTool.set(tool, seriesByOutcome);
    }
    let series = seriesByOutcome.get(outcome);
    if (series === undefined) {
      series = seconds.labels({ tool, outcome });
      seriesByOutcome.set(outcome, series);
    }
    return series;
  };
  return {
    started() {
      const startedAtMs = performance.now();
      running += 1;
      return (tool = '', outcome) => {
        running -= 1;
        seriesOf(tool, outcome).observe((performance.now() - startedAtMs) / MS_PER_SECOND);
      };
    },
  };
}
