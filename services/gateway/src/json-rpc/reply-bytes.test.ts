import { AppError } from '@gantry/errors';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Dialect } from './dialect.ts';
import { encodeReply, type Reply } from './encode-reply.ts';
import { replyBytes } from './reply-bytes.ts';

const texts = fc.string({ unit: 'binary', maxLength: 50 });
const errors = texts.map((message) => new AppError({ code: 'NOT_FOUND', reason: 'GONE', message }));
const replies: fc.Arbitrary<Reply> = fc.oneof(
  fc.record({ idText: texts, resultText: texts }),
  fc.record({ idText: texts, error: errors, permissions: fc.constant([]) }),
);

test('a reply has as many bytes as it has when it is encoded', () => {
  fc.assert(
    fc.property(replies, fc.constantFrom<Dialect>('native', 'legacy', 'modern'), (reply, dialect) => {
      expect(replyBytes(reply, dialect)).toBe(Buffer.byteLength(encodeReply(reply, dialect)));
    }),
  );
});
