/**
 * Thrown by a body that cannot be read any further, though its sender is still there: its compression
 * is broken, or swells beyond bounds. Rows before it stay, as they do before a bad row.
 */
export class UnreadableBodyError extends Error {
  constructor(
    readonly code: 'request.invalid' | 'request.too_large',
    message: string,
    readonly details: Readonly<Record<string, number>> = {},
  ) {
    super(message);
  }
}
