import type { Kill } from '../webhooks-record';
import { ANSWERS, type AnswerPlan } from '../plan/answer-plan';

/** A run that met nothing has shown nothing: so that is a finding, too. */
export function neverMet(
  kills: readonly Kill[],
  planned: number,
  answers: ReadonlyMap<AnswerPlan, number>,
  owed: number,
): string[] {
  const findings: string[] = [];
  if (kills.length < planned)
    findings.push(`only ${kills.length} of ${planned} kills came in time`);
  const met = kills.filter(({ openPosts }) => openPosts > 0).length;
  if (met * 3 < kills.length)
    findings.push(`only ${met} of ${kills.length} kills met posts under way`);
  // In a small run the rarest answer may not come.
  const expected = owed < 500 ? ANSWERS.filter((answer) => answer !== 'never') : ANSWERS;
  for (const answer of expected) {
    if ((answers.get(answer) ?? 0) === 0) findings.push(`no post was met with: ${answer}`);
  }
  return findings;
}
