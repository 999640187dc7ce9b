import { Module, type DynamicModule } from '@nestjs/common';
import { ClaimableQueues } from './claimable-queues';
import { ClockSteps } from './clock-steps';
import { Completion } from './completion';
import { DueTasks } from './due-tasks';
import { EdgeLeases } from './edge-leases';
import { EndedAttempts } from './ended-attempts';
import { HandBack } from './hand-back';
import { JobExplain } from './job-explain';
import { LateWriteViews } from './late-write-views';
import { LateWrites } from './late-writes';
import { LeaseGrace } from './lease-grace';
import { LeaseRequests } from './lease-requests';
import { LeaseSweep } from './lease-sweep';
import { Leasing } from './leasing';
import { LEASING_OPTIONS, leasingOptions, type LeasingOptions } from './leasing.options';
import { NextAvailable } from './next-available';
import { ParkedPolls } from './parked-polls';
import { QueueShares } from './queue-shares';
import { QueueWakes } from './queue-wakes';
import { SpentPolls } from './spent-polls';
import { StalledTasks } from './stalled-tasks';
import { TaskClaim } from './task-claim';
import { TaskLeases } from './task-leases';
import { UnwantedLeases } from './unwanted-leases';

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
  ClaimableQueues,
  ClockSteps,
  DueTasks,
  EndedAttempts,
  LeaseGrace,
  LeaseRequests,
  NextAvailable,
  QueueShares,
  QueueWakes,
  SpentPolls,
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
