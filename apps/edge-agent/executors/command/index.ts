export { CommandExecutor } from './command.executor';
export type { AllowedCommand, AllowedCommands } from './allowed-command';
