import os

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route


def about(_request):
    return JSONResponse({"user": os.getuid()})


app = Starlette(routes=[Route("/", about)])

if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=9000)
