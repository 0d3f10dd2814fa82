/** What servers have sent on lanes. */
export interface LaneCounts {
  readonly frames: number;
  readonly replies: number;
}

/** Reads what several processes have sent on the lanes that they serve. */
export async function readLaneCounts(adminUrls: readonly string[]): Promise<LaneCounts> {
  const texts = await Promise.all(adminUrls.map(async (url) => (await fetch(`${url}/metrics`)).text()));
  return parseLaneCounts(texts.join('\n'));
}

/** Adds up how many frames there were, and how many replies in them. */
export function parseLaneCounts(metrics: string): LaneCounts {
  const sumOf = (name: string) =>
    [...metrics.matchAll(new RegExp(`^gantry_rpc_server_lane_calls_per_frame_${name}\\{.*\\} (\\d+)$`, 'gm'))].reduce(
      (total, [, value]) => total + Number(value),
      0,
    );
  return { frames: sumOf('count'), replies: sumOf('sum') };
}
