import { runService } from '@gantry/runtime';

import { parseConfig } from './config.ts';
import { createToolService } from './service.ts';

await runService({ name: 'tool', parseConfig, create: createToolService });
