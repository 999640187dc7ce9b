import type { StrategyName } from '../strategies/strategies';
import type { ParameterValues } from '../strategies/strategy';

/**
 * The name of a config within its task, such as `sma-crossover;fast=10;slow=50`: equal configs have equal ids at
 * every run, so that rows of a later attempt replace those of an earlier one.
 */
export function configIdOf(strategy: StrategyName, values: ParameterValues): string {
  return [strategy, describeParameters(values, ';', '=')].join(';');
}

/** A result row's `config`: complete in itself, also among rows of other strategies. */
export function rowConfig(
  strategy: StrategyName,
  values: ParameterValues,
): Readonly<Record<string, string | number>> {
  return { strategy, ...values };
}

/** The parameters as a person reads them: `fast 10, slow 50`. */
export function describeConfig(values: ParameterValues): string {
  return describeParameters(values, ', ', ' ');
}

function describeParameters(values: ParameterValues, between: string, equals: string): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}${equals}${value}`)
    .join(between);
}
