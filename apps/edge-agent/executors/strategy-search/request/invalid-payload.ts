/** A payload that no attempt could ever run; `path` names the field, as in `payload.trials.max`. */
export class InvalidPayload extends Error {
  override readonly name = 'InvalidPayload';

  constructor(
    readonly path: string,
    problem: string,
  ) {
    super(`${path} ${problem}`);
  }
}
