import { runService } from '@gantry/runtime';

import { parseConfig } from './config.ts';
import { createContextService } from './service.ts';

await runService({ name: 'context', parseConfig, create: createContextService });
