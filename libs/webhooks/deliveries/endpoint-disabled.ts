import { DomainError } from '@foreman/kernel';

export function endpointDisabled(): DomainError {
  return new DomainError(
    'endpoint.disabled',
    'Nothing is sent to a disabled endpoint. Enabling it sends what was kept for it.',
  );
}
