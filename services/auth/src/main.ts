import { runService } from '@gantry/runtime';

import { parseConfig } from './config.ts';
import { createAuthService } from './service.ts';

await runService({ name: 'auth', parseConfig, create: createAuthService });
