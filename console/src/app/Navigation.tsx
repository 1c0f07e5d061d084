import { Burger } from '@mantine/core';
import type { ReactNode } from 'react';
import { NavLink } from 'react-router';
import { useSession } from '@/api/session';
import { useTexts } from '@/i18n/context';
import type { Texts } from '@/i18n/en';
import { Mark } from '@/ui/Mark';
import { places, type Place } from './places';
import classes from './Shell.module.css';

const groups: readonly (keyof Texts['shell']['groups'])[] = ['migrate', 'develop', 'govern'];

/** The rail with the pages. */
export function Navigation({ open, onClose }: { open: boolean; onClose: () => void }): ReactNode {
  const texts = useTexts();
  const { Version } = useSession();
  return (
    <>
      <div className={classes.brand}>
        {open && (
          <Burger
            opened
            onClick={onClose}
            hiddenFrom="md"
            size="sm"
            color="#fff"
            aria-label={texts.shell.closeNavigation}
          />
        )}
        <Mark />
        <div>
          <div className={classes.brandName}>{texts.shell.product}</div>
          <div className={classes.brandWhat}>{texts.shell.subtitle}</div>
        </div>
      </div>
      <div className={classes.places}>
        {groups.map((group) => (
          <div key={group}>
            <div className={classes.group} id={`places-${group}`}>
              {texts.shell.groups[group]}
            </div>
            <ul className={classes.list} aria-labelledby={`places-${group}`}>
              {places
                .filter((place) => place.group === group)
                .map((place) => (
                  <PlaceLink key={place.path} place={place} title={place.title(texts)} />
                ))}
            </ul>
          </div>
        ))}
      </div>
      <div className={classes.foot}>{`${texts.shell.product} ${Version}`}</div>
    </>
  );
}

function PlaceLink({ place, title }: { place: Place; title: string }): ReactNode {
  const Icon = place.icon;
  return (
    <li>
      <NavLink to={place.path} end={place.path === '/'} className={classes.place ?? ''}>
        <Icon size={18} stroke={1.6} aria-hidden />
        {title}
      </NavLink>
    </li>
  );
}
