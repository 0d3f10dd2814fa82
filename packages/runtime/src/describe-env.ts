import { z } from 'zod';

/** Describes one environment variable. */
export interface EnvRow {
  readonly name: string;
  /** What happens without it, as it would be written in the environment. Undefined: nothing is assumed. */
  readonly default: string | undefined;
  /** True when the process does not start without it. */
  readonly isRequired: boolean;
  /** True when the value is a secret: marked by `.meta({ secret: true })`. Better given as `NAME_FILE`. */
  readonly isSecret: boolean;
  /** The text given to `.describe()`; empty when there is none. */
  readonly meaning: string;
}

/** Describes the variables of a schema in its own order, for README tables and `.env.example`. */
export function describeEnv(schema: z.ZodObject | z.ZodRawShape): readonly EnvRow[] {
  const shape: z.ZodRawShape = schema instanceof z.ZodObject ? schema.shape : schema;
  return Object.entries(shape).map(([name, field]) => {
    const layers = layersOf(field);
    return {
      name,
      default: layers.map(defaultOf).find((value) => value !== undefined),
      isRequired: !z.safeParse(field, undefined).success,
      isSecret: layers.some((layer) => z.globalRegistry.get(layer)?.['secret'] === true),
      meaning: layers.map((layer) => z.globalRegistry.get(layer)?.description).find((text) => text !== undefined) ?? '',
    };
  });
}

/** Unwraps `.default()`, `.optional()`, `.pipe()` and the like: text may have been attached before or after them. */
function layersOf(outermost: z.core.$ZodType): z.core.$ZodType[] {
  const layers: z.core.$ZodType[] = [];
  const queue = [outermost];
  for (let layer = queue.shift(); layer !== undefined; layer = queue.shift()) {
    layers.push(layer);
    const { def } = layer._zod;
    for (const key of ['innerType', 'in', 'out'] as const) {
      const inner: unknown = Reflect.get(def, key);
      if (inner instanceof z.core.$ZodType) queue.push(inner);
    }
  }
  return layers;
}

function defaultOf(layer: z.core.$ZodType): string | undefined {
  const { def } = layer._zod;
  if (def.type !== 'default' && def.type !== 'prefault') return undefined;
  const value: unknown = Reflect.get(def, 'defaultValue');
  return Array.isArray(value) ? value.join(',') : String(value);
}
