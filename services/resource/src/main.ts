import { runService } from '@gantry/runtime';

import { parseConfig } from './config.ts';
import { createResourceService } from './service.ts';

await runService({ name: 'resource', parseConfig, create: createResourceService });
