-- What looking at an image came to: the latest of each kind, gone with the image.
CREATE TABLE image_checks (
    image   TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    kind    TEXT NOT NULL,
    checked INTEGER NOT NULL,
    passed  INTEGER NOT NULL,
    detail  TEXT NOT NULL,
    PRIMARY KEY (image, kind)
) STRICT, WITHOUT ROWID;
