import type {
  ArtifactEventData,
  Delivery,
  DownloadUrl,
  Explanation,
  Gone,
  Input,
  Job,
  JobRequest,
  JobStateData,
  ProgressData,
  ResultRow,
  ResultSummary,
  SubmittedJob,
  Task,
  TaskEventData,
} from '@foreman/client';
import type { EdgeConnection, LeasedTask } from '@foreman/edge-sdk';
import type { SignedRelease } from '@foreman/kernel';
import type { components } from './openapi.types';

type Wire = components['schemas'];

/** Fails to compile unless every `A` is a `B`. */
type Is<A extends B, B> = A;

/**
 * libs/client and libs/edge-sdk write their types by hand, to say more than a schema can. That they are
 * the ones of docs/openapi.json, this file proves by compiling: what the gateway answers is what they
 * expect, and what they send is what it takes.
 */
export type ClientAgrees = [
  Is<Wire['JobDto'], Job>,
  Is<Wire['JobDto'], SubmittedJob>,
  Is<Wire['TaskDto'], Task>,
  Is<Wire['ExplanationDto'], Explanation>,
  Is<Wire['ResultRowDto'], ResultRow>,
  Is<Wire['ResultSummaryDto'], ResultSummary>,
  Is<Wire['DeliveryDto'], Delivery>,
  Is<Wire['InputDto'], Input>,
  Is<Wire['GoneDto'], Gone>,
  Is<Wire['DownloadUrlDto'], DownloadUrl>,
  Is<Wire['JobStateEventDto'], JobStateData>,
  Is<Wire['TaskEventDto'], TaskEventData>,
  Is<Wire['ArtifactEventDto'], ArtifactEventData>,
  Is<Wire['JobProgressEventDto'], ProgressData>,
  Is<JobRequest, Wire['SubmitJobDto']>,
];

/** What a call of the SDK answers, and what its n-th argument is. */
type Answer<Call extends keyof EdgeConnection> = EdgeConnection[Call] extends (
  ...args: never[]
) => Promise<infer Answered>
  ? Answered
  : never;
type Sent<Call extends keyof EdgeConnection, N extends number> = EdgeConnection[Call] extends (
  ...args: infer Args
) => unknown
  ? Args[N]
  : never;

export type EdgeSdkAgrees = [
  Is<Wire['EnrolledDto'], Answer<'enrol'>>,
  Is<Wire['LeasedTaskDto'], LeasedTask>,
  Is<Wire['HeartbeatAnswerDto'], Answer<'heartbeatTask'>>,
  Is<Wire['EdgeHeartbeatAnswerDto'], Answer<'heartbeat'>>,
  Is<Wire['IngestedDto'], Answer<'postRowBatch'>>,
  Is<Wire['ArtifactObjectDto'], Answer<'putArtifact'>>,
  Is<Wire['UploadUrlDto'], Answer<'uploadUrl'>>,
  Is<Sent<'uploadUrl', 2>, Wire['IssueUploadUrlDto']>,
  Is<Wire['CompletedTaskDto'], Answer<'complete'>>,
  Is<Wire['FailedTaskDto'], Answer<'fail'>>,
  Is<Wire['ReleasedTaskDto'], Answer<'release'>>,
  Is<Wire['SignedReleaseDto'], SignedRelease>,
  Is<SignedRelease, Wire['SignedReleaseDto']>,
  Is<Sent<'enrol', 0>, Wire['EnrolDto']>,
  Is<Sent<'nextTask', 0>, Wire['NextTaskDto']>,
  Is<Sent<'leaseTasks', 0>, Wire['LeaseTasksDto']>,
  Is<Sent<'heartbeatTask', 1>, Wire['HeartbeatDto']>,
  Is<Sent<'heartbeat', 0>, Wire['EdgeHeartbeatDto']>,
  Is<Sent<'complete', 1>, Wire['CompleteTaskDto']>,
  Is<Sent<'fail', 1>, Wire['FailTaskDto']>,
];
