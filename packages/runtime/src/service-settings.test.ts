import { expect, test } from 'vitest';

import { parseEnv } from './parse-env.ts';
import { grpcPortSetting, portSetting } from './service-settings.ts';

const schema = { HTTP_PORT: portSetting(8_000, 'Port.'), TOOL_GRPC_PORT: grpcPortSetting('tool') };

test.each(['abc', '-1', '65536', '1.5', 'NaN'])('%j is no port, and the problem says what one is', (text) => {
  for (const name of Object.keys(schema)) {
    expect(() => parseEnv(schema, { [name]: text })).toThrow(
      new RegExp(String.raw`^✖ must be a port from 0 to 65535\n\s+→ at ${name}$`),
    );
  }
});

test.each([
  ['0', 0],
  ['65535', 65_535],
  ['', 8_000],
])('%j is the port %i', (text, port) => {
  expect(parseEnv(schema, { HTTP_PORT: text }).HTTP_PORT).toBe(port);
});
