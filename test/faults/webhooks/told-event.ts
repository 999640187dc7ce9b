/** What a body says that the judge goes by. */
export interface ToldEvent {
  readonly type: string;
  readonly jobId: string;
  readonly run: number;
  readonly seq: number;
}

/** Null for what is no such body. */
export function toldEvent(body: string): ToldEvent | null {
  try {
    const { type, data } = JSON.parse(body) as {
      type: string;
      data: { job: { id: string; run: number; seq: number } };
    };
    const { id: jobId, run, seq } = data.job;
    return { type, jobId, run, seq };
  } catch {
    return null;
  }
}
