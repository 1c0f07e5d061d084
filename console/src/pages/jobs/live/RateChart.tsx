import '@mantine/charts/styles.layer.css';
import { LineChart } from '@mantine/charts';
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useLanguage, useTexts } from '@/i18n/context';
import { bytes } from '@/ui/format/format';
import classes from '../Jobs.module.css';
import { summary, type Sample } from '../logic/rates';

/** Throughput over time, with the same in words for those who do not see it. */
export function RateChart({ samples }: { samples: readonly Sample[] }): ReactNode {
  const { live } = useTexts().jobs;
  const { locale } = useLanguage();
  const rate = (perSecond: number): string => `${bytes(perSecond, locale)}/s`;
  const said = summary(samples);
  return (
    <figure style={{ margin: 0 }} aria-label={live.chart}>
      <Text component="figcaption" size="sm" c="dimmed" mb={4}>
        {live.chart}
        {said ? `. ${live.chartText(rate(said.least), rate(said.mean), rate(said.most))}` : ''}
      </Text>
      {said ? (
        <div aria-hidden>
          <LineChart
            className={classes.chart ?? ''}
            h={200}
            data={samples.map(({ at, rate: copied, dirty }) => ({ at, copied: copied ?? null, dirty: dirty ?? null }))}
            dataKey="at"
            series={[
              { name: 'copied', label: live.chartRate, color: 'var(--lf-accent)' },
              { name: 'dirty', label: live.chartDirty, color: 'var(--lf-wait)' },
            ]}
            valueFormatter={rate}
            xAxisProps={{
              type: 'number',
              scale: 'time',
              domain: ['dataMin', 'dataMax'],
              tickFormatter: (at: number) => new Date(at).toLocaleTimeString(locale),
              minTickGap: 40,
            }}
            yAxisProps={{ width: 84 }}
            curveType="monotone"
            withDots={false}
            withLegend
            connectNulls={false}
            lineChartProps={{ accessibilityLayer: false }}
            lineProps={{ isAnimationActive: false }}
            tooltipProps={{ labelFormatter: (at) => new Date(Number(at)).toLocaleTimeString(locale) }}
          />
        </div>
      ) : (
        <Text size="sm" c="dimmed">
          {live.chartWait}
        </Text>
      )}
    </figure>
  );
}
