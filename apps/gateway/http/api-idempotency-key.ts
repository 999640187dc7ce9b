import { ApiHeader } from '@nestjs/swagger';

/** Documents that a call may be repeated by its key. */
export function ApiIdempotencyKey() {
  return ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      '1 to 200 printable ASCII characters. A repeat with the same key and body answers what the first call made.',
    schema: { type: 'string', minLength: 1, maxLength: 200 },
    example: '7d2c2a52-9d0a-4f5e-8f39-2f1c7e0f6b11',
  });
}
