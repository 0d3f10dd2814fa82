import type { Check } from './check.ts';

const NODE_MAJOR_MIN = 24;

/** The project brings its own Node; another one is found when a script is started around npm. */
export function checkNode(version: string): Check {
  const major = Number(version.split('.')[0]);
  if (major >= NODE_MAJOR_MIN) return { name: 'node', state: 'ok', found: version };
  return {
    name: 'node',
    state: 'failed',
    found: version,
    todo: `run \`npm install\` and start with npm or npx, which bring Node ${NODE_MAJOR_MIN}`,
  };
}
