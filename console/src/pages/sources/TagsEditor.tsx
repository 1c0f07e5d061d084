import { Button, Stack, Text, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { useAction } from '@/api/queries';
import { accepts } from '@/explorer/format';
import { useTexts } from '@/i18n/context';
import { Failure } from '@/ui/Failure';
import classes from './Sources.module.css';
import { Tag } from './Tag';

const most = 20;
const changes = ['DescribeSourceServers', 'ListTagResources'] as const;

interface TagsEditorProps {
  sourceId: string;
  tags: readonly { Key: string; Value: string }[];
}

/** The tags of a source; each change is made at once. */
export function TagsEditor({ sourceId, tags }: TagsEditorProps): ReactNode {
  const { tags: words } = useTexts().sources;
  const [key, setKey] = useState('');
  const [value, setValue] = useState('');
  const set = useAction('TagResources', changes);
  const unset = useAction('UntagResources', changes);
  const resource = { ResourceType: 'sourceserver', ResourceId: [sourceId] } as const;
  const keyFits = Array.from(key).length <= 64 && accepts('tag_key', '', key);
  const valueFits = Array.from(value).length <= 64 && accepts('tag_value', '', value);
  const full = tags.length >= most && !tags.some((tag) => tag.Key === key);

  const add = async (): Promise<void> => {
    if (key === '' || !keyFits || !valueFits || full) return;
    const reply = await set.run({ ...resource, Tag: [{ Key: key, Value: value }] });
    if (!reply) return;
    setKey('');
    setValue('');
  };
  return (
    <Stack gap={0}>
      {tags.length === 0 && <Text c="dimmed">{words.none}</Text>}
      <div className={`${classes.tags ?? ''} ${classes.tagEditor ?? ''}`}>
        {tags.map((tag) => (
          <Tag
            key={tag.Key}
            tag={tag}
            disabled={unset.busy}
            onRemove={() => void unset.run({ ...resource, TagKey: [tag.Key] })}
          />
        ))}
      </div>
      <form
        className={classes.addTag}
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <TextInput
          aria-label={words.key}
          placeholder={words.key}
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
          error={fault(key, keyFits, words.keyRule, words.linkRule)}
          autoComplete="off"
        />
        <TextInput
          aria-label={words.value}
          placeholder={words.value}
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
          error={fault(value, valueFits, words.valueRule, words.linkRule)}
          autoComplete="off"
        />
        <Button
          type="submit"
          variant="default"
          leftSection={<IconPlus size={16} aria-hidden />}
          disabled={key === '' || !keyFits || !valueFits || full}
          loading={set.busy}
        >
          {words.add}
        </Button>
      </form>
      {full && (
        <Text size="sm" c="dimmed" mt="xs">
          {words.most(most)}
        </Text>
      )}
      {(set.failure ?? unset.failure) && (
        <div className={classes.fault}>
          <Failure failure={set.failure ?? unset.failure} />
        </div>
      )}
    </Stack>
  );
}

function fault(text: string, fits: boolean, rule: string, linkRule: string): string | undefined {
  if (fits) return undefined;
  return /https?:\/\//.test(text) ? linkRule : rule;
}
