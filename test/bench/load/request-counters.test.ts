import { expect, test } from 'vitest';

import { parseRequestCounts } from './request-counters.ts';

test('calls of tools are added up by status, over all gateways', () => {
  const metrics = [
    '# TYPE mcp_requests_total counter',
    'mcp_requests_total{method="tools/call",status="OK",service="gateway"} 40',
    'mcp_requests_total{method="tools/call",status="CANCELLED",service="gateway"} 2',
    'mcp_requests_total{method="ping",status="OK",service="gateway"} 9',
    'mcp_request_duration_seconds_count{method="tools/call",service="gateway"} 42',
    'mcp_requests_total{method="tools/call",status="OK",service="gateway"} 1',
  ];
  expect(parseRequestCounts(metrics.join('\n'))).toEqual({ OK: 41, CANCELLED: 2 });
});
