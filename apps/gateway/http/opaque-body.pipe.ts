import type { PipeTransform, Type, ValidationPipe } from '@nestjs/common';

type Fields = Record<string, unknown>;
type Path = readonly (string | number)[];

export interface OpaqueRule<T> {
  readonly metatype: Type<T>;
  readonly validation: ValidationPipe;
  /** The field whose value is not looked into, wherever it stands: `payload`. */
  readonly opaque: string;
  /** Lists in which objects with that field stand: `jobs`, `tasks`. */
  readonly lists: readonly string[];
}

/**
 * Validates a body without walking the values that are the caller's own: the validation library
 * copies what it checks value by value, which for megabytes of prices would stop the event loop for
 * a second. Each such object or list is replaced by an empty one while the rest is validated.
 */
export class OpaqueBodyPipe<T extends object> implements PipeTransform<unknown, Promise<T>> {
  constructor(private readonly rule: OpaqueRule<T>) {}

  async transform(body: unknown): Promise<T> {
    const aside: [path: Path, value: object][] = [];
    const light = this.lighten(body, [], aside);
    const { metatype, validation } = this.rule;
    const dto: T = await validation.transform(light, { type: 'body', metatype });
    for (const [path, value] of aside) place(dto, path, value);
    return dto;
  }

  private lighten(value: unknown, path: Path, aside: [Path, object][]): unknown {
    if (!isFields(value)) return value;
    const { opaque, lists } = this.rule;
    const copy: Fields = { ...value };
    const own = copy[opaque];
    if (typeof own === 'object' && own !== null) {
      aside.push([[...path, opaque], own]);
      copy[opaque] = Array.isArray(own) ? [] : {};
    }
    for (const list of lists) {
      const items = copy[list];
      if (!Array.isArray(items)) continue;
      copy[list] = items.map((item, index) => this.lighten(item, [...path, list, index], aside));
    }
    return copy;
  }
}

function place(target: object, path: Path, value: object): void {
  let parent = target as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string | number, unknown>;
  const last = path.at(-1);
  if (last !== undefined) parent[last] = value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
