/** What the bench asks a counting gateway; any message will do. */
export const HOW_MANY = 'how many statements';

/** What it answers: all that its process has asked the driver since it started. */
export interface StatementCount {
  readonly statements: number;
  /** The texts of the last ones, the latest first. */
  readonly latest: readonly string[];
}
