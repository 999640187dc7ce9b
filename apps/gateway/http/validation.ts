import { DomainError, type FieldError } from '@foreman/kernel';
import { type ValidationError, ValidationPipe } from '@nestjs/common';

/** More findings than this help nobody, and a thousand tasks may each have some. */
const MAX_FINDINGS = 50;

/** For the jobs and admin faces: an unknown field is a mistake that the caller wants to hear of. */
export function strictValidation(): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    exceptionFactory: refusal,
  });
}

/** For the edge face: unknown fields are dropped, so that a newer agent never loses a lease over one. */
export function lenientValidation(): ValidationPipe {
  return new ValidationPipe({ transform: true, whitelist: true, exceptionFactory: refusal });
}

function refusal(errors: ValidationError[]): DomainError {
  const findings = errors.flatMap((error) => findingsOf(error, '')).slice(0, MAX_FINDINGS);
  const first = findings[0];
  return new DomainError(
    'request.invalid',
    first === undefined ? 'The request is not valid.' : `${first.path} ${first.message}.`,
    { errors: findings },
  );
}

function findingsOf(error: ValidationError, parent: string): FieldError[] {
  const path = pathOf(parent, error.property);
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
    path,
    message: rule === 'whitelistValidation' ? 'is not a known field' : withoutName(message, error),
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => findingsOf(child, path))];
}

function pathOf(parent: string, property: string): string {
  if (parent === '') return property;
  return /^\d+$/.test(property) ? `${parent}[${property}]` : `${parent}.${property}`;
}

/** class-validator begins its messages with the property, which `path` says already. */
function withoutName(message: string, error: ValidationError): string {
  return message.startsWith(`${error.property} `)
    ? message.slice(error.property.length + 1)
    : message;
}
