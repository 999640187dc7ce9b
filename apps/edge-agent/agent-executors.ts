import type { Executor } from '@foreman/edge-sdk';
import type { Clock } from '@foreman/kernel';
import type { AgentKind, AgentSettings } from './config/agent-settings';
import { CommandExecutor } from './executors/command';
import { OllamaChatExecutor } from './executors/ollama-chat';
import { StrategySearchExecutor } from './executors/strategy-search';

/** Which executor runs which kind: the one place to add another. */
const MAKERS: Readonly<Record<AgentKind, (settings: AgentSettings, clock: Clock) => Executor>> = {
  'strategy-search': () => new StrategySearchExecutor(),
  chat: ({ ollama }) => new OllamaChatExecutor(ollama),
  command: ({ commands }, clock) => new CommandExecutor(commands, clock),
};

export function agentExecutors(settings: AgentSettings, clock: Clock): Executor[] {
  return settings.kinds.map((kind) => MAKERS[kind](settings, clock));
}
