/** The largest message a server takes or sends: a request body of 4 MiB, and what wraps it. */
export const MESSAGE_BYTES_MAX = 4 * 1024 * 1024 + 64 * 1024;
