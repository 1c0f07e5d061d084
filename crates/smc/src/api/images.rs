//! Images in the words of Landfall's own contract.

use smc_model::generated::landfall::{
    DescribeImagesRequest, DescribeImagesResponse, Image as Shown, ImageCheck as ShownCheck, ImageCheckList,
    ImageList, ImageRootList,
};

use super::{page, total};
use crate::{
    ImageId, JobId,
    account::Caller,
    job::{Image, ImageCheck},
    ports::{Clock, Random, Store},
    registry::{Error, Registry},
};

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    pub(super) async fn describe_images(
        &self,
        caller: &Caller,
        request: DescribeImagesRequest,
    ) -> Result<DescribeImagesResponse, Error> {
        let (page_number, page_size) = (request.page_number, request.page_size);
        let mut reply = DescribeImagesResponse { page_number, page_size, ..Default::default() };
        let job = match request.job_id.as_deref().map(JobId::parse) {
            // What is not in the form of an id names nothing.
            Some(Err(_)) => return Ok(reply),
            Some(Ok(id)) => Some(id),
            None => None,
        };
        let mut images = self.images(caller.account, job).await?;
        if !request.image_id.is_empty() {
            images.retain(|image| request.image_id.iter().any(|id| id == image.id.as_str()));
        }
        reply.total_count = total(images.len() as u64);
        let page = page(page_number, page_size);
        let passed_over = usize::try_from(page.offset).unwrap_or(usize::MAX);
        let rows: Vec<_> = images.into_iter().skip(passed_over).take(page.limit as usize).collect();
        let checks = self.image_checks(rows.iter().map(|image| image.id.clone()).collect()).await?;
        reply.images = ImageList { items: rows.into_iter().map(|image| shown(image, &checks)).collect() };
        Ok(reply)
    }
}

fn shown(image: Image, checks: &[(ImageId, ImageCheck)]) -> Shown {
    let own = checks.iter().filter(|(checked, _)| *checked == image.id);
    Shown {
        checks: ImageCheckList { items: own.map(|(_, check)| shown_check(check)).collect() },
        image_id: image.id.to_string(),
        image_name: image.name,
        job_id: image.job.to_string(),
        source_id: image.source.to_string(),
        run_id: image.run.to_string(),
        creation_time: image.created.to_string(),
        size_bytes: image.size_bytes,
        roots: ImageRootList { items: image.roots },
        storage: image.storage,
    }
}

fn shown_check(check: &ImageCheck) -> ShownCheck {
    ShownCheck {
        kind: check.kind.as_str().to_owned(),
        result: check.result().to_owned(),
        time: check.at.to_string(),
        detail: check.detail.clone(),
    }
}
