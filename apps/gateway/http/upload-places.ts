import { DomainError } from '@foreman/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../config/gateway-options';

/** Until one of many has come to its end. */
const NO_PLACE_RETRY_SECONDS = 5;

/** The artifacts and inputs that flow in, each of which holds a chunk or two in memory (FOREMAN_MAX_UPLOADS). */
@Injectable()
export class UploadPlaces {
  private taken = 0;
  private readonly most: number;

  constructor(@Inject(GATEWAY_OPTIONS) options: GatewayOptions) {
    this.most = options.maxUploads;
  }

  /** Does work that takes a body in. @throws `rate.limited` before it has begun, when all places are taken. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.taken >= this.most) {
      const message = 'Too many uploads at the same time (FOREMAN_MAX_UPLOADS).';
      throw new DomainError('rate.limited', message, { retryAfterSeconds: NO_PLACE_RETRY_SECONDS });
    }
    this.taken += 1;
    try {
      return await work();
    } finally {
      this.taken -= 1;
    }
  }
}
