import type { Page } from '@foreman/kernel';
import { type Type, applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, getSchemaPath } from '@nestjs/swagger';

/** Documents a list's answer: `{"items": [...], "nextCursor": string | null}`. */
export function ApiPage(item: Type, description = 'One page') {
  return applyDecorators(
    ApiExtraModels(item),
    ApiOkResponse({
      description,
      schema: {
        type: 'object',
        required: ['items', 'nextCursor'],
        properties: {
          items: { type: 'array', items: { $ref: getSchemaPath(item) } },
          nextCursor: {
            type: 'string',
            nullable: true,
            description: 'For the next page; null on the last one',
          },
        },
      },
    }),
  );
}

/** A page whose items are shown field by field. */
export function pageAnswer<T, A>(page: Page<T>, show: (item: T) => A): Page<A> {
  return { items: page.items.map(show), nextCursor: page.nextCursor };
}
