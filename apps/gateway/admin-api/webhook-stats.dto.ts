import { ApiProperty } from '@nestjs/swagger';

/** Standing webhook endpoints by state. */
export class WebhookEndpointStatsDto {
  @ApiProperty({ example: 3 })
  enabled!: number;

  /** Enabled again, and still getting what was kept for them. */
  @ApiProperty({ example: 0 })
  replaying!: number;

  @ApiProperty({ example: 0 })
  disabled!: number;

  /** Of those that are not disabled, without a success since their last failure. */
  @ApiProperty({ example: 0 })
  failing!: number;
}

/** How webhooks get away. Deliveries by state stand under `deliveries`. */
export class WebhookStatsDto {
  @ApiProperty()
  endpoints!: WebhookEndpointStatsDto;

  /** Of the deliveries that are owed, those whose time has come: they are being sent, or wait for their turn. */
  @ApiProperty({ example: 4 })
  due!: number;

  /** How long the longest waiting of them has been due; 0 when none is. Grows when sending does not keep up. */
  @ApiProperty({ example: 0 })
  overdueSeconds!: number;

  /** How long ago the event of the oldest delivery happened that is still owed; 0 when none is. */
  @ApiProperty({ example: 12 })
  backlogAgeSeconds!: number;
}
