/** Who the gateway says it is. */
export const SERVER_INFO = { name: 'gantry', version: '0.1.0' } as const;

/** The version of the native dialect. */
export const NATIVE_VERSION = '1.0';
