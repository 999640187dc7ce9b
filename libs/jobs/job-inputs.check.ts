import { artifactNameFault } from '@foreman/kernel';
import type { FieldErrors } from './field-errors';
import type { JobCommand, NamedInput } from './job-command';

/** Of a job, and of a task its own and its job's together: a lease tells of each of them. */
const MAX_INPUTS = 100;
/** Of all tasks of a job: they are taken hold of in the submitting transaction, while others wait. */
const MAX_TASK_INPUTS = 1000;

/** The form of what a job names; whether the inputs are there is for who keeps them (`InputHolder`). */
export function checkInputs(errors: FieldErrors, command: JobCommand): void {
  const { inputs = [], tasks = [] } = command;
  checkList(errors, 'inputs', inputs);
  const jobNames = new Set(inputs.map(({ name }) => name));
  let count = 0;
  for (const [index, task] of tasks.entries()) {
    if (task.inputs === undefined) continue;
    const path = `tasks.${index}.inputs`;
    checkList(errors, path, task.inputs);
    const all = new Set([...jobNames, ...task.inputs.map(({ name }) => name)]);
    errors.unless(all.size <= MAX_INPUTS, path, `and the job's must be at most ${MAX_INPUTS}`);
    count += task.inputs.length;
  }
  errors.unless(
    count <= MAX_TASK_INPUTS,
    'tasks',
    `must have at most ${MAX_TASK_INPUTS} inputs of their own together`,
  );
}

function checkList(errors: FieldErrors, path: string, inputs: readonly NamedInput[]): void {
  errors.unless(inputs.length <= MAX_INPUTS, path, `must be at most ${MAX_INPUTS}`);
  const names = new Set<string>();
  for (const [index, { name }] of inputs.slice(0, MAX_INPUTS).entries()) {
    const fault = artifactNameFault(name);
    if (fault !== null) errors.add(`${path}.${index}.name`, fault);
    errors.unless(!names.has(name), `${path}.${index}.name`, 'is named twice');
    names.add(name);
  }
}
