/**
 * Merges Prometheus texts of several registries into one, each metric with one header.
 *
 * prom-client's own `Registry.merge` refuses two metrics of one name, and all services of a process have the same ones;
 * their samples differ by the label `service`.
 */
export function mergeExpositions(texts: readonly string[]): string {
  const samplesByHeader = new Map<string, string[]>();
  for (const block of texts.flatMap((text) => text.trim().split('\n\n'))) {
    const lines = block.split('\n');
    const header = lines.filter((line) => line.startsWith('#')).join('\n');
    const samples = samplesByHeader.get(header) ?? [];
    samples.push(...lines.filter((line) => line !== '' && !line.startsWith('#')));
    samplesByHeader.set(header, samples);
  }
  samplesByHeader.delete('');
  return [...samplesByHeader].map(([header, samples]) => `${[header, ...samples].join('\n')}\n`).join('\n');
}
