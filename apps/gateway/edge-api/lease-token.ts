import { DomainError } from '@foreman/kernel';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { Request } from 'express';

/** The `Foreman-Lease` header of a task call. @throws `lease.missing` */
export const LeaseToken = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const token = context.switchToHttp().getRequest<Request>().get('Foreman-Lease');
  if (token === undefined || token.trim() === '') {
    throw new DomainError('lease.missing', 'Task calls carry the header Foreman-Lease.');
  }
  return token.trim();
});

/** Documents it. */
export function ApiLeaseToken() {
  return ApiHeader({
    name: 'Foreman-Lease',
    required: true,
    description:
      "The task's `leaseToken`: fences the call. It opens nothing without the edge's token.",
    example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11',
  });
}
