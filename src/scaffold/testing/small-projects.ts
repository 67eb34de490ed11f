/** The files of a small project by their paths. */
export type Files = Readonly<Record<string, string>>;

/** A service of FastAPI. */
export const fastapi =
  'from fastapi import FastAPI\napp = FastAPI()\n\n@app.get("/health")\ndef health():\n    return {}\n';

/** A pyproject.toml as uv makes it, of a project that needs torch and FastAPI. */
export const uv =
  '[project]\nname = "My_App"\nrequires-python = ">=3.10,<3.13"\ndependencies = ["torch==2.5.1", "fastapi"]\n';
