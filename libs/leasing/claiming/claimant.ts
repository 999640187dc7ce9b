/** An edge that asks for a task, with the kinds that this poll wants. */
export interface Claimant {
  readonly edgeId: string;
  readonly kinds: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** It may hold only so many leases: the end of one lets it take another task. */
  readonly isLimited?: boolean;
}
