import { DomainError, type ErrorCode, isUuid } from '@foreman/kernel';
import { Param, type PipeTransform } from '@nestjs/common';

type NotFoundCode = Extract<ErrorCode, `${string}.not_found`>;

/** Lets ids through; a malformed one is not found, like an unknown one (contract). */
class IdPipe implements PipeTransform<string, string> {
  constructor(private readonly code: NotFoundCode) {}

  transform(id: string): string {
    if (isUuid(id)) return id;
    const what = this.code.split('.')[0]?.replace('_', ' ');
    throw new DomainError(this.code, `There is no ${what} of this id.`);
  }
}

/** The path's `:id`, or another parameter that is an id: `@IdParam('job.not_found') jobId: string`. */
export function IdParam(code: NotFoundCode, name = 'id'): ParameterDecorator {
  return Param(name, new IdPipe(code));
}
