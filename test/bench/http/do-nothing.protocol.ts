/** What the bench tells the do-nothing server before each call is measured. */
export interface DoNothingOrder {
  readonly tokens: readonly string[];
  readonly contentType: string;
  /** The answer of the gateway to the same call, base64. */
  readonly body: string;
}

/** What the do-nothing server tells the bench: once when it listens, then after every order. */
export type DoNothingNotice = { readonly port: number } | { readonly isReady: true };

/** The argument with which the program is the do-nothing server, and not the bench. */
export const DO_NOTHING = 'do-nothing';
