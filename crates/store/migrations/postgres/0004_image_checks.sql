-- What looking at an image came to: the latest of each kind, gone with the image.
CREATE TABLE image_checks (
    image   TEXT COLLATE "C" NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    kind    TEXT COLLATE "C" NOT NULL,
    checked BIGINT NOT NULL,
    passed  BIGINT NOT NULL,
    detail  TEXT NOT NULL,
    PRIMARY KEY (image, kind)
);
