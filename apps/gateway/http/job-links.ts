/** Where the parts of a job are read: `links` of a job, in answers and in webhooks. */
export interface JobLinks extends Readonly<Record<string, string>> {
  readonly self: string;
  readonly tasks: string;
  readonly explain: string;
  readonly results: string;
  readonly artifacts: string;
  readonly deliveries: string;
}

export function jobLinks(baseUrl: string, jobId: string): JobLinks {
  const self = `${baseUrl}/jobs/${jobId}`;
  return {
    self,
    tasks: `${self}/tasks`,
    explain: `${self}/explain`,
    results: `${self}/results`,
    artifacts: `${self}/artifacts`,
    deliveries: `${self}/deliveries`,
  };
}
