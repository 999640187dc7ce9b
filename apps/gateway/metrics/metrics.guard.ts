import { ApiKeys } from '@foreman/access';
import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../config/gateway-options';
import { ApiKeyGuard } from '../http/api-key.guard';
import { CallsUnderWay } from '../http/calls-under-way';

/** Lets in who has a key with the route's scopes, or everyone where FOREMAN_METRICS_PUBLIC says so. */
@Injectable()
export class MetricsGuard extends ApiKeyGuard {
  constructor(
    @Inject(GATEWAY_OPTIONS) private readonly options: GatewayOptions,
    keys: ApiKeys,
    calls: CallsUnderWay,
    reflector: Reflector,
  ) {
    super(keys, calls, reflector);
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    return this.options.metricsPublic || super.canActivate(context);
  }
}
