"""For whoever runs the installation: alive, ready, metrics."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from service.api.dependencies import Context
from service.api.documented import problems
from service.api.metrics import Metrics
from service.store.database import check_migrated, unit_of_work

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """That all is well."""

    status: str


@router.get("/healthz", summary="Alive")
async def alive() -> Health:
    """Answer without asking anything else: the process lives."""
    return Health(status="alive")


@router.get("/readyz", summary="Ready", responses=problems())
def ready(context: Context) -> Health:
    """Answer 200 where the database can be reached and has its schema, else 503."""
    with unit_of_work(context.database) as session:
        check_migrated(session)
    return Health(status="ready")


@router.get("/metrics", summary="Metrics", response_class=Response)
def read_metrics(request: Request) -> Response:
    """Return the metrics in Prometheus' text format."""
    metrics: Metrics = request.app.state.metrics
    return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)
