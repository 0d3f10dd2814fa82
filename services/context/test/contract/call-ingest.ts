import { once } from 'node:events';
import { connect } from 'node:http2';

import { metadataKeys } from '@gantry/rpc';

/** An empty gRPC message: not compressed, no bytes. */
const EMPTY_FRAME = Buffer.alloc(5);

/** Calls IngestDocuments, which streams both ways and so has no place in our client, and returns its trailers. */
export async function callIngest(target: string, assertion: string | undefined) {
  const session = connect(`http://${target}`);
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/gantry.context.v1.DocumentService/IngestDocuments',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...(assertion !== undefined && { [metadataKeys.assertion]: assertion }),
    });
    // A call that fails at once has its status in the headers, which are its trailers then.
    const ended = Promise.race([once(stream, 'trailers'), once(stream, 'response')]);
    stream.resume().end(EMPTY_FRAME);
    const [headers] = await ended;
    return headers['grpc-status'] === undefined ? (await once(stream, 'trailers'))[0] : headers;
  } finally {
    session.destroy();
  }
}
