import { killRun } from '../kill-run';
import { ARTIFACTS_USAGE, readArtifactsSettings } from './artifacts-settings';
import { reportRun } from './report-run';
import { runThrough } from './run-through';

/** A gateway that is killed again and again while bytes come, are published, and are pruned. */
export const artifactsRun = killRun({
  usage: ARTIFACTS_USAGE,
  read: readArtifactsSettings,
  runThrough,
  report: reportRun,
  toldEvery: 10,
});
