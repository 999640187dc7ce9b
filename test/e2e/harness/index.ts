export { GatewayClient } from './gateway-client';
export type { TestEdge } from './gateway-client';
export { GatewayProcess } from './gateway-process';
export type { Ending } from './gateway-process';
export { call } from './http-calls';
export type { Answer, CallOptions } from './http-calls';
export { startInProcess } from './in-process-gateway';
export type { InProcessGateway } from './in-process-gateway';
export { makeDataFolder, testOptions } from './test-options';
