/** Calls by the status they ended with. */
export type RequestCounts = Readonly<Record<string, number>>;

/** What a server itself says about the calls it has answered. */
export interface RequestCounters {
  read(): Promise<RequestCounts>;
}

/** Creates what reads how many calls of tools several gateways have answered, out of their metrics. */
export function createRequestCounters(adminUrls: readonly string[]): RequestCounters {
  return {
    async read() {
      const texts = await Promise.all(adminUrls.map(async (url) => (await fetch(`${url}/metrics`)).text()));
      return parseRequestCounts(texts.join('\n'));
    },
  };
}

/** Adds up `mcp_requests_total` of `tools/call` by status. */
export function parseRequestCounts(metrics: string): RequestCounts {
  const counts: Record<string, number> = {};
  for (const [, labels = '', value] of metrics.matchAll(/^mcp_requests_total\{(.*)\} (\d+)$/gm)) {
    const status = /status="(\w+)"/.exec(labels)?.[1];
    if (status === undefined || !labels.includes('method="tools/call"')) continue;
    counts[status] = (counts[status] ?? 0) + Number(value);
  }
  return counts;
}
