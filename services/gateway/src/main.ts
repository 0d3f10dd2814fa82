import { runService } from '@gantry/runtime';

import { parseConfig } from './config.ts';
import { createGatewayService } from './service.ts';

await runService({ name: 'gateway', parseConfig, create: createGatewayService });
