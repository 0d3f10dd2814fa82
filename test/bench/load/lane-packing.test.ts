import { expect, test } from 'vitest';

import { parseLaneCounts } from './lane-packing.ts';

test('frames and replies are added up over processes, of servers only', () => {
  const metrics = [
    'gantry_rpc_server_lane_calls_per_frame_bucket{le="1",service="tool"} 2',
    'gantry_rpc_server_lane_calls_per_frame_sum{service="tool"} 12',
    'gantry_rpc_server_lane_calls_per_frame_count{service="tool"} 4',
    'gantry_rpc_client_lane_calls_per_frame_sum{service="tool"} 99',
    'gantry_rpc_server_lane_calls_per_frame_sum{service="tool"} 3',
    'gantry_rpc_server_lane_calls_per_frame_count{service="tool"} 1',
  ];
  expect(parseLaneCounts(metrics.join('\n'))).toEqual({ frames: 5, replies: 15 });
});
