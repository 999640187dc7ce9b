import { Module, type DynamicModule } from '@nestjs/common';
import { ClockSteps } from './time/clock-steps';
import { Completion } from './ending/completion';
import { DueTasks } from './claiming/due-tasks';
import { EdgeLeases } from './ending/edge-leases';
import { EndedAttempts } from './ending/ended-attempts';
import { HandBack } from './ending/hand-back';
import { JobExplain } from './explain/job-explain';
import { LateWriteViews } from './late-writes/late-write-views';
import { LateWrites } from './late-writes/late-writes';
import { LeaseGrace } from './time/lease-grace';
import { LeaseRequests } from './lease-requests';
import { LeaseSweep } from './time/lease-sweep';
import { Leasing } from './leasing';
import { LEASING_OPTIONS, leasingOptions, type LeasingOptions } from './leasing.options';
import { NextAvailable } from './polls/next-available';
import { OverdueTasks } from './time/overdue-tasks';
import { ParkedPolls } from './polls/parked-polls';
import { QueueWakes } from './polls/queue-wakes';
import { KeyedPolls } from './polls/keyed-polls';
import { StalledTasks } from './time/stalled-tasks';
import { TaskClaim } from './claiming/task-claim';
import { TaskLeases } from './claiming/task-leases';
import { UnwantedLeases } from './ending/unwanted-leases';

const SERVICES = [
  Completion,
  EdgeLeases,
  HandBack,
  JobExplain,
  LateWriteViews,
  LateWrites,
  LeaseSweep,
  Leasing,
  ParkedPolls,
];
const PARTS = [
  ClockSteps,
  DueTasks,
  EndedAttempts,
  KeyedPolls,
  LeaseGrace,
  LeaseRequests,
  NextAvailable,
  OverdueTasks,
  QueueWakes,
  StalledTasks,
  TaskClaim,
  TaskLeases,
  UnwantedLeases,
];

/** The life of a lease, over jobs, results and artifacts. No routes; a timer only while polls are parked. */
@Module({})
export class LeasingModule {
  static forRoot(options: LeasingOptions = {}): DynamicModule {
    return {
      module: LeasingModule,
      global: true,
      providers: [
        { provide: LEASING_OPTIONS, useValue: leasingOptions(options) },
        ...SERVICES,
        ...PARTS,
      ],
      exports: SERVICES,
    };
  }
}
