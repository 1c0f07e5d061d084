import { Code, Select, Stack, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { Operation } from '@/explorer/model.ts';
import { LANGUAGES } from '@/explorer/samples/index.ts';
import { sampleCall, type Endpoint } from '@/explorer/samples/sample.ts';
import type { FormValues } from '@/explorer/values.ts';
import { useTexts } from '@/i18n/context';
import { Panel } from '@/ui/Panel';
import { CodeBlock } from './CodeBlock';

const ENDPOINT: Endpoint = {
  protocol: window.location.protocol === 'https:' ? 'https' : 'http',
  host: window.location.host,
};

const FIRST = LANGUAGES[0];

/** The call of the form as a program. Eleven tabs would not fit anywhere: the language is chosen. */
export function Samples({ operation, values }: { operation: Operation; values: FormValues }): ReactNode {
  const { samples } = useTexts().explorer;
  const [id, setId] = useState(FIRST?.id);
  const language = LANGUAGES.find((own) => own.id === id) ?? FIRST;
  if (!language) return null;
  return (
    <Panel
      title={samples.title}
      actions={
        <Select
          size="xs"
          w={160}
          aria-label={samples.language}
          allowDeselect={false}
          data={LANGUAGES.map((own) => ({ value: own.id, label: own.title }))}
          value={language.id}
          onChange={(chosen) => setId(chosen ?? language.id)}
        />
      }
    >
      <Stack gap="xs">
        {language.install !== undefined && <Code block>{language.install}</Code>}
        <CodeBlock
          text={language.write(sampleCall(operation, values, ENDPOINT))}
          syntax={language.syntax}
          label={language.title}
          copyName={samples.copyCode}
        />
        <Text size="xs" c="dimmed">
          {samples.keys}
        </Text>
      </Stack>
    </Panel>
  );
}
